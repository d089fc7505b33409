/** Services and their bandwidth rules. Lists are short: one reply holds all. */
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import type { BandwidthRule } from '@proxpanel/contracts/records';
import type { Service } from '@proxpanel/contracts/services';
import { useQuery } from '@tanstack/react-query';
import { call } from './client.ts';
import { foundRow } from './found-row.ts';
import { usePanelChange } from './panel-changes.ts';
import { queryKeys } from './query-keys.ts';

export function useServices() {
  return useQuery({ queryKey: queryKeys.services, queryFn: ({ signal }) => call('listServices', { signal }) });
}

export async function readService({ id }: Service): Promise<Service> {
  return foundRow((await call('listServices')).services, id, 'service');
}

export function createService(body: BodyInputOf<'createService'>) {
  return call('createService', { body });
}

export function changeService(id: number, body: BodyInputOf<'changeService'>) {
  return call('changeService', { params: { id }, body });
}

export function useRemoveService(onSuccess: () => void) {
  return usePanelChange(
    ({ id, row_version }: Service) => call('removeService', { params: { id }, body: { row_version } }),
    onSuccess,
  );
}

export function useBandwidthRules() {
  return useQuery({ queryKey: queryKeys.rules, queryFn: ({ signal }) => call('listBandwidthRules', { signal }) });
}

export async function readRule({ id }: BandwidthRule): Promise<BandwidthRule> {
  return foundRow((await call('listBandwidthRules')).rules, id, 'bandwidth rule');
}

export function createRule(body: BodyInputOf<'createBandwidthRule'>) {
  return call('createBandwidthRule', { body });
}

export function changeRule(id: number, body: BodyInputOf<'changeBandwidthRule'>) {
  return call('changeBandwidthRule', { params: { id }, body });
}

export function useRemoveRule(onSuccess: () => void) {
  return usePanelChange(
    ({ id, row_version }: BandwidthRule) => call('removeBandwidthRule', { params: { id }, body: { row_version } }),
    onSuccess,
  );
}
