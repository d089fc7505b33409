import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useState } from 'react';
import { useOperation, usePromote } from '../../api/cluster-actions.ts';
import { ApiError, sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { durationText } from '../../ui/format.ts';
import { OperationPhases } from './operation-view.tsx';

/**
 * One button, one confirmation (DESIGN §5): the display name is asked only when the server says so with `confirm_name`.
 * After the start it shows the operation's phases; closing it then changes nothing about the operation.
 */
export function PromoteDialog({ status }: { status: ClusterStatus }) {
  const promote = usePromote();
  const operationId = promote.data?.operation_id ?? null;
  if (operationId !== null) return <Running status={status} operationId={operationId} />;
  return <Confirm status={status} promote={promote} />;
}

function Confirm({ status, promote }: { status: ClusterStatus; promote: ReturnType<typeof usePromote> }) {
  const close = useClusterPage((state) => state.close);
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const facts = status.promote;
  const nameOk = facts.confirm_name === null || name.trim() === facts.confirm_name;
  const blockers = facts.allowed ? [] : facts.reasons.map((blocker) => blocker.sentence);
  const start = (): void => {
    promote.mutate({
      mode: facts.mode,
      ...(facts.node_id === null ? {} : { node_id: facts.node_id }),
      ...(facts.confirm_name === null ? {} : { confirm: name.trim() }),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    });
  };
  return (
    <Dialog
      title="Promote to Main"
      description={<WhatItDoes status={status} />}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="danger"
            busy={promote.isPending}
            reasons={nameOk ? blockers : [...blockers, 'Type the display name first.']}
            onClick={start}
          >
            Promote to Main
          </ReasonedButton>
        </>
      }
    >
      {facts.warnings.length === 0 ? null : (
        <Banner tone="warn">
          <ul className="list-disc pl-5">
            {facts.warnings.map((warning) => (
              <li key={warning.code}>{warning.sentence}</li>
            ))}
          </ul>
        </Banner>
      )}
      <LossForecast forecast={facts.loss_forecast} />
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
      <PromoteFault error={promote.error} />
    </Dialog>
  );
}

function WhatItDoes({ status }: { status: ClusterStatus }) {
  const candidate = status.nodes.find((node) => node.id === status.promote.node_id);
  const self = candidate === undefined || candidate.is_self;
  const who = self ? 'This server' : candidate.display_name;
  if (status.promote.mode === 'switchover') {
    return (
      <p>
        {who} becomes the main server and the present main server follows it. Writes pause for a moment; nothing is
        lost.
      </p>
    );
  }
  return (
    <p>
      {who} becomes the main server and takes writes from now on, without the present main server’s help. What that one
      wrote and this one never received would be lost. Make sure that the old main server is really down.
    </p>
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

function Running({ status, operationId }: { status: ClusterStatus; operationId: string }) {
  const close = useClusterPage((state) => state.close);
  const fromStatus = status.operation?.id === operationId ? status.operation : null;
  // The status may name another operation by now, or not yet this one; then it is asked by its id.
  const asked = useOperation(fromStatus === null ? operationId : null);
  const operation = fromStatus ?? asked.data ?? null;
  return (
    <Dialog
      title="Promote to Main"
      description={
        operation?.state === 'running' || operation === null
          ? 'It is under way. Closing this window does not stop it.'
          : 'It has ended.'
      }
      onClose={close}
      footer={<Button onClick={close}>Close</Button>}
    >
      {operation === null ? <p role="status">Starting…</p> : <OperationPhases operation={operation} />}
    </Dialog>
  );
}

function PromoteFault({ error }: { error: Error | null }) {
  if (error === null) return null;
  const reasons = error instanceof ApiError ? error.reasons.map((reason) => reason.sentence) : [];
  return <Failure sentence={sentenceOf(error)} reasons={reasons} />;
}
