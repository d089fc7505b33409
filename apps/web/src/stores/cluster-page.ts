/**
 * Page state of the Cluster tab: which way a standalone server is being set up, and which dialog is open.
 * Dialogs live here and not in the part of the page that opened them, because a poll may replace that part
 * (a server that has just been configured is no longer standalone) while the dialog must stay.
 */
import type { SetupMainReply } from '@proxpanel/contracts/membership';
import type { ClusterSettings } from '@proxpanel/contracts/settings';
import { create } from 'zustand';

/** A secret that may be shown once, with what belongs beside it. Kept in memory only. */
export interface ShownSecret {
  secret: string;
  sentence: string;
  setup: Pick<SetupMainReply, 'hba_line' | 'pending_restart' | 'restart_command' | 'advice'> | null;
}

export type ClusterDialog =
  | { kind: 'promote' }
  | { kind: 'rehearse' }
  | { kind: 'hold' }
  | { kind: 'claim_main' }
  | { kind: 'allow_async' }
  | { kind: 'rejoin' }
  | { kind: 'leave' }
  | { kind: 'disband' }
  | { kind: 'rotate_secret' }
  /** `durability`: the change that it opens with. */
  | { kind: 'settings'; durability?: ClusterSettings['durability'] }
  | { kind: 'remove_node'; nodeId: number };

export type StandaloneWay = 'main' | 'secondary' | null;

interface ClusterPageState {
  way: StandaloneWay;
  dialog: ClusterDialog | null;
  secret: ShownSecret | null;
  /** The ended operation whose report the person has put away; kept in this browser, so that a reload does not bring it back. */
  dismissedOperationId: string | null;
  chooseWay: (way: StandaloneWay) => void;
  open: (dialog: ClusterDialog) => void;
  close: () => void;
  showSecret: (secret: ShownSecret) => void;
  forgetSecret: () => void;
  dismissOperation: (operationId: string) => void;
}

const dismissedKey = 'proxpanel.dismissed_operation';
const initial = { way: null, dialog: null, secret: null } as const;

export const useClusterPage = create<ClusterPageState>((set) => ({
  ...initial,
  dismissedOperationId: window.localStorage.getItem(dismissedKey),
  chooseWay: (way) => {
    set({ way });
  },
  open: (dialog) => {
    set({ dialog });
  },
  close: () => {
    set({ dialog: null });
  },
  showSecret: (secret) => {
    set({ secret, dialog: null, way: null });
  },
  forgetSecret: () => {
    set({ secret: null });
  },
  dismissOperation: (dismissedOperationId) => {
    window.localStorage.setItem(dismissedKey, dismissedOperationId);
    set({ dismissedOperationId });
  },
}));

/** Forgets everything: at sign-out, so that the next person finds no open dialog and no secret. */
export function resetClusterPage(): void {
  window.localStorage.removeItem(dismissedKey);
  useClusterPage.setState({ ...initial, dismissedOperationId: null });
}
