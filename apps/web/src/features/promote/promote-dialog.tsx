import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useState } from 'react';
import { usePromote, useRehearse } from '../../api/cluster-actions.ts';
import { ApiError, sentenceOf } from '../../api/errors.ts';
import { refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { durationText, measuredText } from '../../ui/format.ts';
import { candidateName, firmBlockers, needsNoArbiter } from './promote-facts.ts';
import { PromoteProgress } from './promote-progress.tsx';
import { Rehearsal } from './rehearsal.tsx';

interface PromoteDialogProps {
  status: ClusterStatus;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/**
 * One button, one confirmation (DESIGN §5): the display name is asked only when the server says so with `confirm_name`.
 * After the start it shows the operation's phases; closing it then changes nothing about the operation.
 */
export function PromoteDialog({ status, nowMs }: PromoteDialogProps) {
  const promote = usePromote();
  const operationId = promote.data?.operation_id ?? null;
  // What the person read when it was opened: a poll must not turn a planned change into an emergency under their hand.
  const [mode, setMode] = useState(status.promote.mode);
  if (operationId !== null) return <PromoteProgress status={status} operationId={operationId} nowMs={nowMs} />;
  if (mode !== status.promote.mode) {
    return (
      <Changed
        mode={status.promote.mode}
        onGoOn={() => {
          promote.reset();
          setMode(status.promote.mode);
        }}
      />
    );
  }
  return <Confirm status={status} promote={promote} />;
}

function Changed({ mode, onGoOn }: { mode: ClusterStatus['promote']['mode']; onGoOn: () => void }) {
  const close = useClusterPage((state) => state.close);
  const planned = mode === 'switchover';
  return (
    <Dialog
      title="Promote to Main"
      description="The situation has changed while this window was open. Nothing has been done."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button onClick={onGoOn}>{planned ? 'Show the planned switchover' : 'Show the emergency promotion'}</Button>
        </>
      }
    >
      <Banner tone={planned ? 'info' : 'warn'} role="alert">
        <p>
          {planned
            ? 'The main server answers again: it can now be changed as planned, without loss.'
            : 'The main server no longer takes part: this would now be an emergency promotion, which may lose writes.'}
        </p>
      </Banner>
    </Dialog>
  );
}

function Confirm({ status, promote }: { status: ClusterStatus; promote: ReturnType<typeof usePromote> }) {
  const close = useClusterPage((state) => state.close);
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const [withoutArbiter, setWithoutArbiter] = useState(false);
  const rehearse = useRehearse();
  const facts = status.promote;
  const planned = facts.mode === 'switchover';
  const asksArbiter = needsNoArbiter(facts, refusalCodes(promote.error));
  const missing = [
    ...firmBlockers(facts),
    ...(asksArbiter && !withoutArbiter ? ['Tick the box about the arbiter first.'] : []),
    ...(facts.confirm_name === null || name.trim() === facts.confirm_name ? [] : ['Type the display name first.']),
  ];
  const start = (): void => {
    promote.mutate({
      mode: facts.mode,
      ...(facts.node_id === null ? {} : { node_id: facts.node_id }),
      ...(facts.confirm_name === null ? {} : { confirm: name.trim() }),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
      ...(asksArbiter && withoutArbiter ? { without_arbiter: true } : {}),
    });
  };
  return (
    <Dialog
      title="Promote to Main"
      description={<WhatItDoes status={status} gapMs={rehearse.data?.estimated_gap_ms ?? null} />}
      wide={planned}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind={planned ? 'primary' : 'danger'}
            busy={promote.isPending}
            reasons={missing}
            onClick={start}
          >
            Promote to Main
          </ReasonedButton>
        </>
      }
    >
      <Warnings warnings={facts.warnings} />
      <LossForecast forecast={facts.loss_forecast} />
      {planned ? <Rehearsal rehearse={rehearse} availability={status.actions.rehearse} /> : null}
      {asksArbiter ? <WithoutArbiter checked={withoutArbiter} onChange={setWithoutArbiter} /> : null}
      {facts.confirm_name === null ? null : (
        <TextField
          label={`Type the display name “${facts.confirm_name}” to confirm`}
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
          }}
        />
      )}
      <TextField
        label="Reason (optional)"
        hint="Stands in the event list."
        maxLength={500}
        value={reason}
        onChange={(event) => {
          setReason(event.currentTarget.value);
        }}
      />
      {promote.isError ? <Failure sentence={sentenceOf(promote.error)} reasons={refusedBy(promote.error)} /> : null}
    </Dialog>
  );
}

function refusalCodes(error: Error | null): readonly { code: string }[] {
  return error instanceof ApiError ? [{ code: error.code }, ...error.reasons] : [];
}

function WhatItDoes({ status, gapMs }: { status: ClusterStatus; gapMs: number | null }) {
  const name = candidateName(status);
  if (status.promote.mode === 'switchover') {
    const pause = gapMs === null ? 'for a moment' : `for about ${measuredText(gapMs)}`;
    return (
      <p>
        Planned: {name} becomes the main server, and the present main server follows it. Nothing is lost; writes pause{' '}
        {pause}. Until the point of no return any failure takes it all back.
      </p>
    );
  }
  return (
    <p>
      Emergency: {name} becomes the main server and takes writes from now on, without the present main server’s help.
      What that one wrote and this one never received would be lost. Make sure that the old main server is really down.
    </p>
  );
}

function Warnings({ warnings }: { warnings: ClusterStatus['promote']['warnings'] }) {
  if (warnings.length === 0) return null;
  return (
    <Banner tone="warn">
      <ul className="list-disc pl-5">
        {warnings.map((warning) => (
          <li key={warning.code}>{warning.sentence}</li>
        ))}
      </ul>
    </Banner>
  );
}

function WithoutArbiter({ checked, onChange }: { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <Banner tone="bad">
      <p>
        The arbiter does not answer, so nobody can rule out that the old main server still takes writes. Promote without
        it only when you know that the old one is off.
      </p>
      <CheckField
        label="Promote without the arbiter: I have made sure that the old main server is down."
        checked={checked}
        onChange={(event) => {
          onChange(event.currentTarget.checked);
        }}
      />
    </Banner>
  );
}

function LossForecast({ forecast }: { forecast: ClusterStatus['promote']['loss_forecast'] }) {
  if (forecast === null) return null;
  return (
    <div className="rounded-md border border-line px-4 py-2.5">
      <p className="text-sm text-muted">Loss forecast</p>
      <p>{forecast.sentence}</p>
      {forecast.knowledge_age_ms === null ? null : (
        <p className="text-sm text-muted">
          What is known of the main server is {durationText(forecast.knowledge_age_ms)} old.
        </p>
      )}
    </div>
  );
}
