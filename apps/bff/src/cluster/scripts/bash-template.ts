/**
 * Marks a fragment of shell text. Nothing is interpolated and backslashes stay as they are; only `$\{` becomes the
 * shell's own `${`, which a template literal would otherwise take for itself. Values never go in here: they are
 * assigned, quoted, at the top of the script by `renderSetupReplicaScript`.
 */
export function bash(strings: TemplateStringsArray): string {
  return strings.raw.join('').replaceAll('$\\{', '${').replace(/^\n/, '');
}
