/** What admins upload: two pictures. Between servers, the list of them, which a secondary makes its own (DESIGN §11). */
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
  size_bytes: z.int().positive().max(UPLOAD_LIMIT_BYTES),
  sha256: sha256Schema,
  uploaded_at: timestampSchema,
});
export type Upload = z.infer<typeof uploadSchema>;

/** At most one of each kind. Nothing in it is a path: a server makes the names of its files itself. */
export const uploadsSchema = z
  .array(uploadSchema)
  .max(uploadKindSchema.options.length)
  .refine((uploads) => new Set(uploads.map(({ kind }) => kind)).size === uploads.length, 'One picture of each kind.');
export const uploadListReplySchema = z.object({ uploads: uploadsSchema });

/** `v`: the SHA-256 that the caller knows; a reply to the right one may be kept for ever. */
export const readUploadQuerySchema = z.object({ v: z.string().max(64).optional() });

export const uploadManifestReplySchema = z.object({
  /** null: this server never had a list, which says nothing about what the others should have. */
  uploads: uploadsSchema.nullable(),
});

/** Small enough that a slow link carries one within a call's time-out, and that a signed reply stays under 1 MB. */
export const UPLOAD_CHUNK_BYTES = 256 * 1024;
export const uploadChunkQuerySchema = z.object({
  offset: z.coerce.number().int().nonnegative().max(UPLOAD_LIMIT_BYTES).default(0),
});
export const uploadChunkReplySchema = z.object({
  sha256: sha256Schema,
  /** Where in the file the chunk begins: the query is not signed, the reply is. */
  offset: z.int().nonnegative(),
  size_bytes: z.int().positive().max(UPLOAD_LIMIT_BYTES),
  chunk_base64: z.base64().max(Math.ceil(UPLOAD_CHUNK_BYTES / 3) * 4),
});
