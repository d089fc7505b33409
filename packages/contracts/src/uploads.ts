/** The manifest of UPLOADS_DIR that a secondary pulls (DESIGN §11). */
import { z } from 'zod';

export const uploadManifestReplySchema = z.object({
  files: z.array(z.object({ path: z.string(), sha256: z.string(), size_bytes: z.int().nonnegative() })),
});
