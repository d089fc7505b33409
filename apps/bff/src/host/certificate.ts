/** The TLS certificate of this server, for the parity list: its end is nobody's to find out from a browser. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** null when there is no such file, or no certificate in it: then the server could not have started with it either. */
export async function certificateEndsAt(path: string): Promise<Date | null> {
  try {
    return new X509Certificate(await readFile(path)).validToDate;
  } catch {
    // Each way of not being a certificate is the same to its reader: its end is unknown.
    return null;
  }
}
