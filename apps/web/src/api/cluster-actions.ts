/** What an admin does with the cluster. Each action asks for a fresh status afterwards, whether it went well or not. */
import type { Operation } from '@proxpanel/contracts/operations';
import type { BodyInputOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from './client.ts';
import { queryKeys } from './query-keys.ts';

/** Actions that reach another server or stop a database may take this long. */
const slowActionMs = 90_000;

/**
 * `onSuccess` is given here and not to `mutate`: a poll may take away the part of the page that asked before the reply is
 * there (the role has changed), and callbacks of `mutate` are then dropped. A secret that is shown once must not be.
 */
function useClusterAction<Input, Reply>(
  action: (input: Input) => Promise<Reply>,
  onSuccess: (reply: Reply) => void = () => undefined,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: action,
    onSuccess: (reply) => {
      onSuccess(reply);
    },
    onSettled: () => {
      // Not awaited: the action has ended even if the status cannot be read.
      void client.invalidateQueries({ queryKey: queryKeys.clusterStatus });
    },
  });
}

export function useSetupMain(onSuccess: (reply: ReplyOf<'setupMain'>) => void) {
  return useClusterAction(
    (body: BodyInputOf<'setupMain'>) => call('setupMain', { body, timeout_ms: slowActionMs }),
    onSuccess,
  );
}

export function useTestConnection() {
  return useMutation({
    mutationFn: (body: BodyInputOf<'testConnection'>) => call('testConnection', { body, timeout_ms: slowActionMs }),
  });
}

export function useSetupSecondary(onSuccess: () => void) {
  return useClusterAction(
    (body: BodyInputOf<'setupSecondary'>) => call('setupSecondary', { body, timeout_ms: slowActionMs }),
    onSuccess,
  );
}

export function useRenewScript() {
  return useClusterAction(() => call('renewScript', { body: {}, timeout_ms: slowActionMs }));
}

export function usePromote() {
  return useClusterAction((body: BodyInputOf<'promote'>) => call('promote', { body, timeout_ms: slowActionMs }));
}

export function useLeave() {
  return useClusterAction((body: BodyInputOf<'leave'>) => call('leave', { body, timeout_ms: slowActionMs }));
}

export function useRemoveNode(onSuccess: (reply: ReplyOf<'removeNode'>) => void) {
  return useClusterAction(
    (nodeId: number) => call('removeNode', { params: { id: nodeId }, timeout_ms: slowActionMs }),
    onSuccess,
  );
}

export function useDisband() {
  return useClusterAction(() => call('disband', { body: {}, timeout_ms: slowActionMs }));
}

export function useRotateSecret(onSuccess: (reply: ReplyOf<'rotateSecret'>) => void) {
  return useClusterAction(() => call('rotateSecret', { body: {}, timeout_ms: slowActionMs }), onSuccess);
}

export function useChangeSettings(onSuccess: () => void) {
  return useClusterAction((body: BodyInputOf<'changeSettings'>) => call('changeSettings', { body }), onSuccess);
}

export function useRehearse() {
  // Changes nothing, so no fresh status is asked for.
  return useMutation({ mutationFn: () => call('rehearse', { body: {}, timeout_ms: slowActionMs }) });
}

export function useHold(onSuccess: () => void) {
  return useClusterAction((body: BodyInputOf<'hold'>) => call('hold', { body }), onSuccess);
}

export function useEndHold() {
  return useClusterAction(() => call('endHold'));
}

export function useAcknowledgeFailover() {
  return useClusterAction(() => call('acknowledgeFailover', { body: {} }));
}

export function useClaimMain(onSuccess: () => void) {
  return useClusterAction(
    (body: BodyInputOf<'claimMain'>) => call('claimMain', { body, timeout_ms: slowActionMs }),
    onSuccess,
  );
}

export function useAllowAsync(onSuccess: () => void) {
  return useClusterAction(
    (body: BodyInputOf<'allowAsync'>) => call('allowAsync', { body, timeout_ms: slowActionMs }),
    onSuccess,
  );
}

export function useRejoin(onSuccess: () => void = () => undefined) {
  return useClusterAction(() => call('rejoin', { body: {}, timeout_ms: slowActionMs }), onSuccess);
}

/** One operation by its id, read each second until it has ended; nothing is asked while `id` is null. */
export function useOperation(id: string | null) {
  return useQuery<Operation>({
    queryKey: queryKeys.operation(id ?? 'none'),
    queryFn: ({ signal }) => call('operation', { params: { id: id ?? '' }, signal }),
    enabled: id !== null,
    refetchInterval: (query) =>
      query.state.data === undefined || query.state.data.state === 'running' ? 1_000 : false,
  });
}
