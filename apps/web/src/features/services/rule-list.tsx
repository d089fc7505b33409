import type { BandwidthRule } from '@proxpanel/contracts/records';
import type { Service } from '@proxpanel/contracts/services';
import { notLoaded } from '../../api/not-loaded.ts';
import { useBandwidthRules } from '../../api/services.ts';
import { useWrites } from '../../api/writes.ts';
import { Badge } from '../../ui/badge.tsx';
import { Card } from '../../ui/card.tsx';
import { speedText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import type { OpenDialog } from './open-dialog.ts';

interface RuleListProps {
  services: readonly Service[];
  onOpen: (dialog: OpenDialog) => void;
}

/** The bandwidth rules of each service. */
export function RuleList({ services, onOpen }: RuleListProps) {
  const rules = useBandwidthRules();
  return (
    <Card title="Bandwidth rules">
      {rules.data === undefined ? (
        <NotLoaded {...notLoaded(rules)} />
      ) : (
        <ul aria-label="Services and their rules" className="flex flex-col divide-y divide-line">
          {services.map((service) => (
            <RulesOfService
              key={service.id}
              service={service}
              rules={rules.data.rules.filter((rule) => rule.service_id === service.id)}
              onOpen={onOpen}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}

interface RulesOfServiceProps {
  service: Service;
  rules: readonly BandwidthRule[];
  onOpen: (dialog: OpenDialog) => void;
}

function RulesOfService({ service, rules, onOpen }: RulesOfServiceProps) {
  const { reasons } = useWrites();
  return (
    <li className="py-3 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="font-medium">{service.name}</h3>
        <WriteButton
          compact
          reasons={reasons}
          onClick={() => {
            onOpen({ kind: 'rule', service, rule: null });
          }}
        >
          Add rule <span className="sr-only">to {service.name}</span>
        </WriteButton>
      </div>
      {rules.length === 0 ? (
        <p className="text-sm text-muted">The same speeds all day.</p>
      ) : (
        <ul aria-label={`Rules of ${service.name}`} className="mt-2 flex flex-col gap-2">
          {rules.map((rule) => (
            <RuleLine key={rule.id} service={service} rule={rule} onOpen={onOpen} />
          ))}
        </ul>
      )}
    </li>
  );
}

function RuleLine({
  service,
  rule,
  onOpen,
}: {
  service: Service;
  rule: BandwidthRule;
  onOpen: RuleListProps['onOpen'];
}) {
  const { reasons } = useWrites();
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <span className="font-mono text-sm whitespace-nowrap">
        {rule.from_time}–{rule.to_time}
      </span>
      <span className="min-w-0 flex-1 break-words">
        {rule.name}: {speedText(rule.download_kbps)} / {speedText(rule.upload_kbps)}{' '}
        {rule.is_active ? null : <Badge>off</Badge>}
      </span>
      <span className="inline-flex gap-2">
        <WriteButton
          compact
          reasons={reasons}
          onClick={() => {
            onOpen({ kind: 'rule', service, rule });
          }}
        >
          Edit <span className="sr-only">{rule.name}</span>
        </WriteButton>
        <WriteButton
          compact
          reasons={reasons}
          onClick={() => {
            onOpen({ kind: 'remove_rule', rule });
          }}
        >
          Remove <span className="sr-only">{rule.name}</span>
        </WriteButton>
      </span>
    </li>
  );
}
