/** Names of the cached server state. */
export const queryKeys = {
  me: ['me'],
  clusterStatus: ['cluster', 'status'],
  operation: (id: string) => ['cluster', 'operation', id],
  events: (type: string | null) => ['cluster', 'events', type],
  metrics: (nodeId: number) => ['cluster', 'metrics', nodeId],
  script: (madeFor: string) => ['cluster', 'script', madeFor],
  subscribers: (search: string) => ['subscribers', search],
  allSubscribers: ['subscribers'],
} as const;
