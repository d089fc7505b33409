/** First values of a new cluster's settings, from variables named like the settings in capitals (DESIGN §3, §4). */
import { clusterSettingsSchema, defaultClusterSettings, type ClusterSettings } from '@proxpanel/contracts/settings';
import { boolean, EnvironmentFault, integer, read } from './environment-shapes.ts';
import { z } from 'zod';

/** The defaults and what the environment names, checked by the same schema as what an admin sends. */
export function firstSettings(env: NodeJS.ProcessEnv): ClusterSettings {
  const settings: Record<string, unknown> = { ...defaultClusterSettings };
  for (const [setting, schema] of Object.entries(clusterSettingsSchema.shape)) {
    const variable = setting.toUpperCase();
    const value = readSetting(env, variable, schema);
    if (value === undefined) continue;
    const result = schema.safeParse(value);
    if (!result.success) {
      const message = result.error.issues[0]?.message.replace(/\.$/, '') ?? 'not valid';
      throw new EnvironmentFault(variable, `is not accepted: ${message.charAt(0).toLowerCase()}${message.slice(1)}`);
    }
    settings[setting] = result.data;
  }
  return clusterSettingsSchema.parse(settings);
}

/** undefined: absent. `none` is how a limit that may be absent is written. */
function readSetting(env: NodeJS.ProcessEnv, variable: string, schema: z.ZodType): unknown {
  const text = read(env, variable, z.string());
  if (text === null) return undefined;
  if (text.toLowerCase() === 'none' && schema.safeParse(null).success) return null;
  if (schema.safeParse(true).success) return read(env, variable, boolean);
  return schema.safeParse('async').success ? text : read(env, variable, integer);
}
