/** What an admin does with the cluster: the rows of the endpoint table under /api/cluster for people and their script. */
import type { Endpoint } from './endpoint.ts';
import * as change from './change-of-main.ts';
import * as events from './events.ts';
import * as membership from './membership.ts';
import * as operations from './operations.ts';
import * as script from './script.ts';
import * as settings from './settings.ts';
import * as status from './status.ts';
import { emptyBodySchema, okReplySchema } from './primitives.ts';

const people = { access: 'admin', runsOn: 'any' } as const;
const onMain = { access: 'admin', runsOn: 'main' } as const;
const shellScript = 'text/x-shellscript';

export const clusterEndpoints = {
  clusterStatus: {
    ...people,
    method: 'GET',
    path: '/api/cluster/status',
    summary: 'All that the Cluster tab shows',
    reply: status.clusterStatusSchema,
  },
  setupMain: {
    ...people,
    method: 'POST',
    path: '/api/cluster/setup-main',
    summary: 'Configure this server as the main one',
    body: membership.setupMainBodySchema,
    reply: membership.setupMainReplySchema,
  },
  testConnection: {
    ...people,
    method: 'POST',
    path: '/api/cluster/test-connection',
    summary: 'Check a main server before joining it',
    body: membership.testConnectionBodySchema,
    reply: membership.testConnectionReplySchema,
  },
  setupSecondary: {
    ...people,
    method: 'POST',
    path: '/api/cluster/setup-secondary',
    summary: 'Join a main server as its secondary',
    body: membership.setupSecondaryBodySchema,
    reply: membership.setupSecondaryReplySchema,
  },
  setupReplicaScript: {
    ...people,
    method: 'GET',
    path: '/api/cluster/setup_replica.sh',
    summary: 'The generated clone script',
    replyType: shellScript,
  },
  rejoinScript: {
    ...people,
    method: 'GET',
    path: '/api/cluster/rejoin.sh',
    summary: 'The generated repair script of an old main',
    replyType: shellScript,
  },
  renewScript: {
    ...people,
    method: 'POST',
    path: '/api/cluster/script/renew',
    summary: 'Make the clone script anew with a fresh one-time token',
    body: emptyBodySchema,
    reply: membership.setupSecondaryReplySchema,
  },
  scriptCredential: {
    method: 'POST',
    path: '/api/cluster/script/credential',
    summary: 'The replication login, once, as a pgpass line',
    access: 'script',
    runsOn: 'any',
    replyType: 'text/plain',
  },
  scriptPhase: {
    method: 'POST',
    path: '/api/cluster/script/phase',
    summary: 'The running script says where it is',
    access: 'script',
    runsOn: 'any',
    body: script.scriptPhaseBodySchema,
    reply: okReplySchema,
  },
  promote: {
    ...people,
    method: 'POST',
    path: '/api/cluster/promote',
    summary: 'Make a secondary the main server',
    body: operations.promoteBodySchema,
    reply: operations.operationAcceptedSchema,
    successStatus: 202,
  },
  operation: {
    ...people,
    method: 'GET',
    path: '/api/cluster/operations/:id',
    summary: 'How far an operation is',
    reply: operations.operationSchema,
  },
  hold: {
    ...people,
    method: 'POST',
    path: '/api/cluster/hold',
    summary: 'Suspend automatic failover for a while',
    body: change.holdBodySchema,
    reply: change.holdReplySchema,
  },
  endHold: {
    ...people,
    method: 'DELETE',
    path: '/api/cluster/hold',
    summary: 'End the hold',
    reply: change.holdReplySchema,
  },
  claimMain: {
    ...people,
    method: 'POST',
    path: '/api/cluster/claim-main',
    summary: '"I am the only main"',
    body: change.claimMainBodySchema,
    reply: operations.operationAcceptedSchema,
    successStatus: 202,
  },
  acknowledgeFailover: {
    ...people,
    method: 'POST',
    path: '/api/cluster/failover/acknowledge',
    summary: 'Acknowledge the last automatic failover',
    body: emptyBodySchema,
    reply: okReplySchema,
  },
  allowAsync: {
    ...onMain,
    method: 'POST',
    path: '/api/cluster/allow-async',
    summary: 'Let writes go on without the synchronous standby',
    body: change.allowAsyncBodySchema,
    reply: okReplySchema,
  },
  rehearse: {
    ...people,
    method: 'POST',
    path: '/api/cluster/rehearse',
    summary: 'Check everything that a switchover would, and change nothing',
    body: emptyBodySchema,
    reply: change.rehearseReplySchema,
  },
  leave: {
    ...people,
    method: 'POST',
    path: '/api/cluster/leave',
    summary: 'Take this secondary out of the cluster',
    body: membership.leaveBodySchema,
    reply: membership.leaveReplySchema,
  },
  removeNode: {
    ...onMain,
    method: 'DELETE',
    path: '/api/cluster/nodes/:id',
    summary: 'Remove a secondary from the cluster',
    reply: membership.removeNodeReplySchema,
  },
  disband: {
    ...onMain,
    method: 'POST',
    path: '/api/cluster/disband',
    summary: 'Dissolve the cluster; every server keeps its data',
    body: emptyBodySchema,
    reply: membership.disbandReplySchema,
  },
  rejoin: {
    ...people,
    method: 'POST',
    path: '/api/cluster/rejoin',
    summary: 'Make the repair script of an old main',
    body: emptyBodySchema,
    reply: membership.setupSecondaryReplySchema,
  },
  changeSettings: {
    ...onMain,
    method: 'PATCH',
    path: '/api/cluster/settings',
    summary: 'Change cluster-wide settings',
    body: settings.settingsPatchSchema,
    reply: settings.settingsReplySchema,
  },
  rotateSecret: {
    ...onMain,
    method: 'POST',
    path: '/api/cluster/secret/rotate',
    summary: 'Replace the cluster secret and the replication passwords',
    body: emptyBodySchema,
    reply: membership.rotateSecretReplySchema,
  },
  events: {
    ...people,
    method: 'GET',
    path: '/api/cluster/events',
    summary: 'What happened, newest first',
    query: events.listEventsQuerySchema,
    reply: events.eventListReplySchema,
  },
  nodeMetrics: {
    ...people,
    method: 'GET',
    path: '/api/cluster/nodes/:id/metrics',
    summary: 'History of a node for sparklines',
    reply: membership.nodeMetricsReplySchema,
  },
} as const satisfies Record<string, Endpoint>;
