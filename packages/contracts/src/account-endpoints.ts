/** Subscribers, and what they are sold by and through: rows of the endpoint table. A reseller sees what is his. */
import type { Endpoint } from './endpoint.ts';
import * as dashboard from './dashboard.ts';
import * as nas from './nas.ts';
import { okReplySchema } from './primitives.ts';
import * as records from './records.ts';
import * as resellers from './resellers.ts';
import * as services from './services.ts';
import * as subscribers from './subscribers.ts';

const users = { access: 'user', runsOn: 'any' } as const;
const admins = { access: 'admin', runsOn: 'any' } as const;
const rowVersionBody = subscribers.rowVersionBodySchema;

export const accountEndpoints = {
  dashboard: {
    ...users,
    method: 'GET',
    path: '/api/dashboard',
    summary: 'Counts, sessions, and this server',
    reply: dashboard.dashboardReplySchema,
  },
  listSubscribers: {
    ...users,
    method: 'GET',
    path: '/api/subscribers',
    summary: 'A page of subscribers',
    query: subscribers.listSubscribersQuerySchema,
    reply: subscribers.subscriberListReplySchema,
  },
  exportSubscribers: {
    ...users,
    method: 'GET',
    path: '/api/subscribers.csv',
    summary: 'All that match, as CSV',
    query: subscribers.exportSubscribersQuerySchema,
    replyType: 'text/csv',
  },
  createSubscriber: {
    ...users,
    method: 'POST',
    path: '/api/subscribers',
    summary: 'Add a subscriber',
    body: subscribers.createSubscriberBodySchema,
    reply: subscribers.subscriberSchema,
    successStatus: 201,
  },
  readSubscriber: {
    ...users,
    method: 'GET',
    path: '/api/subscribers/:id',
    summary: 'One subscriber',
    reply: subscribers.subscriberSchema,
  },
  changeSubscriber: {
    ...users,
    method: 'PATCH',
    path: '/api/subscribers/:id',
    summary: 'Change a subscriber',
    body: subscribers.changeSubscriberBodySchema,
    reply: subscribers.subscriberSchema,
  },
  removeSubscriber: {
    ...users,
    method: 'DELETE',
    path: '/api/subscribers/:id',
    summary: 'Remove a subscriber',
    body: rowVersionBody,
    reply: okReplySchema,
  },
  subscriberUsage: {
    ...users,
    method: 'GET',
    path: '/api/subscribers/:id/usage',
    summary: 'What a subscriber has used, by day',
    reply: records.usageReplySchema,
  },
  listServices: {
    ...users,
    method: 'GET',
    path: '/api/services',
    summary: 'Services',
    reply: services.serviceListReplySchema,
  },
  createService: {
    ...admins,
    method: 'POST',
    path: '/api/services',
    summary: 'Add a service',
    body: services.createServiceBodySchema,
    reply: services.serviceSchema,
    successStatus: 201,
  },
  changeService: {
    ...admins,
    method: 'PATCH',
    path: '/api/services/:id',
    summary: 'Change a service',
    body: services.changeServiceBodySchema,
    reply: services.serviceSchema,
  },
  removeService: {
    ...admins,
    method: 'DELETE',
    path: '/api/services/:id',
    summary: 'Remove a service that nobody has',
    body: rowVersionBody,
    reply: okReplySchema,
  },
  listNas: { ...admins, method: 'GET', path: '/api/nas', summary: 'NAS devices', reply: nas.nasListReplySchema },
  createNas: {
    ...admins,
    method: 'POST',
    path: '/api/nas',
    summary: 'Add a NAS device',
    body: nas.createNasBodySchema,
    reply: nas.nasSchema,
    successStatus: 201,
  },
  changeNas: {
    ...admins,
    method: 'PATCH',
    path: '/api/nas/:id',
    summary: 'Change a NAS device',
    body: nas.changeNasBodySchema,
    reply: nas.nasSchema,
  },
  removeNas: {
    ...admins,
    method: 'DELETE',
    path: '/api/nas/:id',
    summary: 'Remove a NAS device',
    body: rowVersionBody,
    reply: okReplySchema,
  },
  routerLine: {
    ...admins,
    method: 'GET',
    path: '/api/nas/:id/router-line',
    summary: 'The line that points one router to this server',
    reply: nas.routerLineReplySchema,
  },
  routerScript: {
    ...admins,
    method: 'GET',
    path: '/api/nas/routers.rsc',
    summary: 'A RouterOS script for all of them',
    replyType: 'text/plain',
  },
  listResellers: {
    ...admins,
    method: 'GET',
    path: '/api/resellers',
    summary: 'Resellers',
    reply: resellers.resellerListReplySchema,
  },
  createReseller: {
    ...admins,
    method: 'POST',
    path: '/api/resellers',
    summary: 'Add a reseller',
    body: resellers.createResellerBodySchema,
    reply: resellers.resellerSchema,
    successStatus: 201,
  },
  changeReseller: {
    ...admins,
    method: 'PATCH',
    path: '/api/resellers/:id',
    summary: 'Change a reseller',
    body: resellers.changeResellerBodySchema,
    reply: resellers.resellerSchema,
  },
} as const satisfies Record<string, Endpoint>;
