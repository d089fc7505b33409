import type { BandwidthRule } from '@proxpanel/contracts/records';
import type { Service } from '@proxpanel/contracts/services';

/** Which dialog of the services' page is open, and of which row; null stands for a new one. */
export type OpenDialog =
  | { kind: 'service'; service: Service | null }
  | { kind: 'remove_service'; service: Service }
  | { kind: 'rule'; service: Service; rule: BandwidthRule | null }
  | { kind: 'remove_rule'; rule: BandwidthRule };
