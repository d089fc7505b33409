/** The panel's pictures. They are shown on the sign-in page too, so anybody may read them. */
import type { Upload, UploadKind } from '@proxpanel/contracts/uploads';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { addressOf, call, callWithFile } from './client.ts';
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

/** Where the picture is. Asked for by its hash it may be kept for ever; another picture has another address. */
export function pictureAddress(upload: Upload): string {
  return addressOf('readUpload', { params: { kind: upload.kind }, query: { v: upload.sha256 } });
}

/** The picture of one kind; null when there is none, or it is not known. */
export function usePicture(kind: UploadKind): Upload | null {
  return useUploads().data?.uploads.find((upload) => upload.kind === kind) ?? null;
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
  return usePictureChange(
    ({ kind, file }: { kind: UploadKind; file: File }) =>
      callWithFile('putUpload', { params: { kind }, file, timeout_ms: uploadMs }),
    onSuccess,
  );
}

export function useRemoveUpload(onSuccess: () => void) {
  return usePictureChange((kind: UploadKind) => call('removeUpload', { params: { kind } }), onSuccess);
}
