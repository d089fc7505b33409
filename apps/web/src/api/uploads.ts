/** The panel's pictures. They are shown on the sign-in page too, so anybody may read them. */
import { endpoints, type ReplyOf } from '@proxpanel/contracts/endpoints';
import type { Upload, UploadKind } from '@proxpanel/contracts/uploads';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, checkedReply, jsonOf, keepSignedIn, refusalOf } from './client.ts';
import { ApiError } from './errors.ts';
import { queryKeys } from './query-keys.ts';

/** A picture of 5 MB over a slow line. */
const uploadMs = 120_000;

export function useUploads() {
  return useQuery({
    queryKey: queryKeys.uploads,
    queryFn: ({ signal }) => call('listUploads', { signal }),
    staleTime: 60_000,
  });
}

function pathOf(kind: UploadKind): string {
  return endpoints.readUpload.path.replace(':kind', kind);
}

/** Where the picture is; another picture has another address, so that no browser shows an old one. */
export function pictureAddress(upload: Upload): string {
  return `${pathOf(upload.kind)}?v=${upload.sha256.slice(0, 16)}`;
}

/** The picture of one kind; null when there is none, or it is not known. */
export function usePicture(kind: UploadKind): Upload | null {
  return useUploads().data?.uploads.find((upload) => upload.kind === kind) ?? null;
}

/** Sends the bytes as they are. Rejects as `call` does. */
async function putUpload({ kind, file }: { kind: UploadKind; file: File }): Promise<ReplyOf<'putUpload'>> {
  const endpoint = endpoints.putUpload;
  // What is sent in one piece is not sent twice: the session is renewed before it.
  await keepSignedIn();
  const response = await fetch(pathOf(kind), {
    method: endpoint.method,
    credentials: 'same-origin',
    signal: AbortSignal.timeout(uploadMs),
    headers: { accept: '*/*', 'content-type': file.type },
    body: file,
  }).catch((error: unknown) => {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    if (isLate) throw new ApiError('The server did not answer in time.', { code: 'TIMED_OUT', status: 0 });
    throw new ApiError('The server does not answer.', { code: 'NO_ANSWER', status: 0 });
  });
  if (!response.ok) throw await refusalOf(response);
  return checkedReply(endpoint, 'putUpload', await jsonOf(response)) as ReplyOf<'putUpload'>;
}

function usePictureChange<Input, Reply>(change: (input: Input) => Promise<Reply>, onSuccess: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess,
    onSettled: () => {
      void client.invalidateQueries({ queryKey: queryKeys.uploads });
    },
  });
}

export function usePutUpload(onSuccess: () => void) {
  return usePictureChange(putUpload, onSuccess);
}

export function useRemoveUpload(onSuccess: () => void) {
  return usePictureChange((kind: UploadKind) => call('removeUpload', { params: { kind } }), onSuccess);
}
