/** What this server says of itself where PostgreSQL replicates nothing (DESIGN §11). */
import { hash } from 'node:crypto';
import type { Upload } from '@proxpanel/contracts/uploads';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { fingerprintOf } from './setup-main.ts';

export async function measureParity(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null) {
    context.memory.parity = null;
    return;
  }
  const { secret } = membership;
  const { certificatePath } = context.own;
  const endsAt = certificatePath === null ? null : await context.host.certificateEndsAt(certificatePath);
  context.memory.parity = {
    uploads: await hashOfUploads(context),
    keyed_by: fingerprintOf(secret).slice(0, 12),
    environment: context.own.environmentProofs((text) => context.seal.prove(secret, text)),
    certificate_ends_at: endsAt?.toISOString() ?? null,
    postgres_version: context.database.view().versionText,
  };
}

async function hashOfUploads(context: ClusterContext): Promise<string | null> {
  try {
    return hashOf(await context.uploads.listWhole());
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return null;
  }
}

function hashOf(uploads: readonly Upload[]): string {
  const lines = uploads.map(
    ({ kind, media_type: type, size_bytes: size, sha256, uploaded_at: at }) =>
      `${kind} ${type} ${size} ${sha256} ${at}`,
  );
  return hash('sha256', lines.sort().join('\n'));
}
