/** What an audit row says was changed, as a person reads it. */
import { wordText } from '../../ui/format.ts';

const nothing = 'nothing';

function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return nothing;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? `“${value}”` : JSON.stringify(value);
}

/** One line for each field: before and after where both are known. A secret is named, never shown. */
export function changeTexts(changes: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(changes).map(([field, change]) => {
    const name = wordText(field);
    if (Array.isArray(change) && change.length === 2)
      return `${name}: ${valueText(change[0])} → ${valueText(change[1])}`;
    // A word such as "changed" or "set" speaks for itself.
    return `${name}: ${typeof change === 'string' ? change : valueText(change)}`;
  });
}
