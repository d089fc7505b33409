/** What admins upload: two pictures. Between servers, the manifest of UPLOADS_DIR that a secondary pulls (DESIGN §11). */
import { z } from 'zod';
import { timestampSchema } from './primitives.ts';

export const uploadKindSchema = z.enum(['logo', 'login_background']);
export type UploadKind = z.infer<typeof uploadKindSchema>;

export const UPLOAD_LIMIT_BYTES = 5 * 1024 * 1024;
/** SVG is none of them: it is a program. */
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/webp'] as const;

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

export const uploadSchema = z.object({
  kind: uploadKindSchema,
  media_type: z.enum(IMAGE_TYPES),
  size_bytes: z.int().nonnegative(),
  sha256: sha256Schema,
  uploaded_at: timestampSchema,
});
export type Upload = z.infer<typeof uploadSchema>;
export const uploadListReplySchema = z.object({ uploads: z.array(uploadSchema) });

export const uploadManifestReplySchema = z.object({
  files: z.array(z.object({ path: z.string(), sha256: sha256Schema, size_bytes: z.int().nonnegative() })),
});
export type UploadManifest = z.infer<typeof uploadManifestReplySchema>;
