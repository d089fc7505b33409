import { PictureCard } from '../features/branding/picture-card.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Settings → Branding. */
export function BrandingPage() {
  useTitle('Branding');
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <PictureCard
        kind="logo"
        title="Logo"
        explanation="On every page and on the sign-in page, in place of the name."
      />
      <PictureCard
        kind="login_background"
        title="Login background"
        explanation="Behind the form of the sign-in page. It fills the window, so its edges may be cut off."
      />
    </div>
  );
}
