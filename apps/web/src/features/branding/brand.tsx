import { usePicture, pictureAddress } from '../../api/uploads.ts';

/** The logo where there is one, else the name. */
export function Brand({ name }: { name: string }) {
  const logo = usePicture('logo');
  if (logo === null) return <>{name}</>;
  return <img src={pictureAddress(logo)} alt={name} className="max-h-12 max-w-full object-contain object-left" />;
}

/** Behind the sign-in form; it says nothing, so it has no name. */
export function LoginBackground() {
  const picture = usePicture('login_background');
  if (picture === null) return null;
  return (
    <img src={pictureAddress(picture)} alt="" className="pointer-events-none fixed inset-0 size-full object-cover" />
  );
}
