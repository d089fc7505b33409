/** What servers say to each other: the signed rows of the endpoint table under /api/cluster. */
import type { Endpoint } from './endpoint.ts';
import * as change from './change-of-main.ts';
import * as peer from './peer.ts';
import * as sessions from './sessions.ts';
import * as uploads from './uploads.ts';
import { okReplySchema } from './primitives.ts';

const servers = { access: 'server', runsOn: 'any' } as const;

export const serverEndpoints = {
  preflight: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/preflight',
    summary: "Main's facts and limits, before a join",
    body: peer.preflightBodySchema,
    reply: peer.preflightReplySchema,
  },
  join: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/join',
    summary: 'Become a member',
    body: peer.joinBodySchema,
    reply: peer.sealedReplySchema,
  },
  heartbeat: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/heartbeat',
    summary: "A secondary's sign of life",
    body: peer.heartbeatBodySchema,
    reply: peer.heartbeatReplySchema,
  },
  farewell: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/farewell',
    summary: 'A secondary leaves',
    body: peer.farewellBodySchema,
    reply: okReplySchema,
  },
  prepare: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/prepare',
    summary: 'Ask a candidate to get ready',
    body: change.prepareBodySchema,
    reply: change.prepareReplySchema,
  },
  grant: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/grant',
    summary: "Ask main's leave to promote",
    body: change.grantBodySchema,
    reply: change.grantReplySchema,
  },
  discard: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/discard',
    summary: 'Give a grant back',
    body: change.discardBodySchema,
    reply: change.discardReplySchema,
  },
  promise: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/promise',
    summary: 'Promise not to promote for a while',
    body: change.promiseBodySchema,
    reply: change.promiseReplySchema,
  },
  confirmMain: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/confirm-main',
    summary: 'Am I still main?',
    body: change.confirmMainBodySchema,
    reply: change.confirmMainReplySchema,
  },
  noteHold: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/note-hold',
    summary: 'A hold that an admin has set on another server',
    body: change.noteHoldBodySchema,
    reply: okReplySchema,
  },
  announce: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/announce',
    summary: 'A new main says so',
    body: peer.announceBodySchema,
    reply: peer.announceReplySchema,
  },
  peerStatus: {
    ...servers,
    method: 'GET',
    path: '/api/cluster/peer-status',
    summary: "A member's own view of itself",
    reply: peer.peerStatusReplySchema,
  },
  takeRevocations: {
    ...servers,
    method: 'POST',
    path: '/api/cluster/revocations',
    summary: 'Sessions that were signed out on a secondary',
    body: sessions.takeRevocationsBodySchema,
    reply: okReplySchema,
  },
  uploadManifest: {
    ...servers,
    method: 'GET',
    path: '/api/cluster/uploads',
    summary: 'The list of the uploads',
    reply: uploads.uploadManifestReplySchema,
  },
  upload: {
    ...servers,
    method: 'GET',
    path: '/api/cluster/uploads/:sha256',
    summary: 'A piece of one uploaded file',
    query: uploads.uploadChunkQuerySchema,
    reply: uploads.uploadChunkReplySchema,
  },
} as const satisfies Record<string, Endpoint>;
