/** The key that names the data in a cluster's Redis; replicated with them, and gone when they are. */
export const DATASET_KEY = 'cluster:dataset';
