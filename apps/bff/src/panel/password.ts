/** argon2id, with the library's own cost (19 MiB, two passes). Loaded when first used: a node that only replicates signs nobody in. */

/** Hash in PHC form. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import('@node-rs/argon2');
  return hash(password);
}

export async function passwordMatches(passwordHash: string, password: string): Promise<boolean> {
  const { verify } = await import('@node-rs/argon2');
  return verify(passwordHash, password);
}
