import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card, Fact } from '../../ui/card.tsx';
import { settingFields, shownValue } from './setting-fields.ts';

/** The cluster's settings as they are. */
export function SettingsCard({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const { cluster, actions } = status;
  if (cluster === null) return null;
  const change = actions.change_settings;
  return (
    <Card title="Cluster settings">
      <dl className="mb-4 grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-4">
        {settingFields.map((field) => (
          <Fact key={field.name} label={field.label.replace(/ \((seconds|bytes)\)$/, '')}>
            {shownValue(field, cluster.settings)}
          </Fact>
        ))}
      </dl>
      <ReasonedButton
        reasons={change.allowed ? [] : change.reasons.map((reason) => reason.sentence)}
        onClick={() => {
          open({ kind: 'settings' });
        }}
      >
        Change settings
      </ReasonedButton>
    </Card>
  );
}
