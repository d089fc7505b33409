/** Changes of the panel's rows. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { queryKeys } from './query-keys.ts';

/**
 * Afterwards all that is shown of the panel is read again, whether it went well or not: a refusal often means that what
 * is shown is old.
 */
export function usePanelChange<Input, Reply>(
  change: (input: Input) => Promise<Reply>,
  onSuccess: (reply: Reply, input: Input) => void = () => undefined,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (reply, input) => {
      onSuccess(reply, input);
    },
    onSettled: () => {
      // Not awaited: the change has ended even if the lists cannot be read.
      void client.invalidateQueries({ queryKey: queryKeys.panel });
    },
  });
}
