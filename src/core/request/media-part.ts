import type { Modality } from '#core/policy/policy.ts';

/**
 * The fields by which the parts of a message carry media. Servers look at the field rather than at the part's `type` (vLLM takes a
 * part without one), so this does too.
 */
const mediaFields: Readonly<Record<string, Modality>> = {
  image_url: 'image',
  input_image: 'image',
  image: 'image',
  image_embeds: 'image',
  audio_url: 'audio',
  input_audio: 'audio',
  audio: 'audio',
  audio_embeds: 'audio',
  video_url: 'video',
  input_video: 'video',
  video: 'video',
};

/** What medium a field of a content part carries; null for every other field. `file` counts as what its data URL says it is. */
export function mediumOfField(field: string, value: unknown): Modality | null {
  if (field === 'file') return mediumOfFile(value);
  return Object.hasOwn(mediaFields, field) ? (mediaFields[field] ?? null) : null;
}

function mediumOfFile(file: unknown): Modality | null {
  if (typeof file !== 'object' || file === null || !('file_data' in file) || typeof file.file_data !== 'string') return null;
  const type = /^data:(image|audio|video)\//i.exec(file.file_data.slice(0, 32))?.[1]?.toLowerCase();
  return type === 'image' || type === 'audio' || type === 'video' ? type : null;
}
