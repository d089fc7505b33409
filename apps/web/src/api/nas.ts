/** Routers (NAS devices) and the lines that are pasted into them. */
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import type { Nas } from '@proxpanel/contracts/nas';
import { useQuery } from '@tanstack/react-query';
import { addressOf, call } from './client.ts';
import { foundRow } from './found-row.ts';
import { usePanelChange } from './panel-changes.ts';
import { queryKeys } from './query-keys.ts';

export function useNasList() {
  return useQuery({ queryKey: queryKeys.nas, queryFn: ({ signal }) => call('listNas', { signal }) });
}

export async function readNas({ id }: Nas): Promise<Nas> {
  return foundRow((await call('listNas')).devices, id, 'router');
}

export function createNas(body: BodyInputOf<'createNas'>) {
  return call('createNas', { body });
}

export function changeNas(id: number, body: BodyInputOf<'changeNas'>) {
  return call('changeNas', { params: { id }, body });
}

export function useRemoveNas(onSuccess: () => void) {
  return usePanelChange(
    ({ id, row_version }: Nas) => call('removeNas', { params: { id }, body: { row_version } }),
    onSuccess,
  );
}

/** It names the server that is main now, so it is asked for each time that a person wants it. */
export function useRouterLine(id: number) {
  return useQuery({
    queryKey: queryKeys.routerLine(id),
    queryFn: ({ signal }) => call('routerLine', { params: { id }, signal }),
    gcTime: 0,
  });
}

export const routerScriptAddress = addressOf('routerScript', {});
