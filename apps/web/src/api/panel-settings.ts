/** The panel's own settings: the company, its currency, its support. */
import type { BodyInputOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import { useQuery } from '@tanstack/react-query';
import { call } from './client.ts';
import { queryKeys } from './query-keys.ts';

export type SettingsRow = ReplyOf<'readPanelSettings'>;

export function readPanelSettings(): Promise<SettingsRow> {
  return call('readPanelSettings');
}

export function usePanelSettings() {
  return useQuery({
    queryKey: queryKeys.settings,
    queryFn: ({ signal }) => call('readPanelSettings', { signal }),
    staleTime: 60_000,
  });
}

/** ISO 4217; '' until it is known. */
export function useCurrency(): string {
  return usePanelSettings().data?.settings.currency ?? '';
}

export function changePanelSettings(body: BodyInputOf<'changePanelSettings'>) {
  return call('changePanelSettings', { body });
}
