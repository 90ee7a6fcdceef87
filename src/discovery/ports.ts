/** One way to ask a server who it is and what it serves; see `recognise.ts`. */
export type AskName = 'ollama' | 'lmstudio' | 'openai';

/** A place on this machine where a model server usually listens. */
export interface Place {
  readonly port: number;
  /** Whose usual port it is, for people. */
  readonly usually: string;
  /** Asked in this order until one is answered. */
  readonly asks: readonly AskName[];
}

/**
 * The only places that are asked when there is no policy: on loopback, by one GET each, which loads no model. The list in `docs/cli.md`
 * is this one.
 */
export const places: readonly Place[] = [
  { port: 11434, usually: 'Ollama', asks: ['ollama'] },
  { port: 1234, usually: 'LM Studio', asks: ['lmstudio', 'openai'] },
  { port: 8000, usually: 'vLLM', asks: ['openai'] },
  { port: 8001, usually: 'vLLM, a second one', asks: ['openai'] },
  { port: 8002, usually: 'vLLM, a third one', asks: ['openai'] },
  { port: 8080, usually: 'llama.cpp, MLX', asks: ['openai'] },
  { port: 5000, usually: 'text-generation-webui', asks: ['openai'] },
  { port: 5001, usually: 'KoboldCpp', asks: ['openai'] },
  { port: 30000, usually: 'SGLang', asks: ['openai'] },
];

/** Usual ports that are not asked, and why. */
export const placesNotAsked: readonly { readonly port: number; readonly why: string }[] = [
  { port: 4000, why: 'a LiteLLM there may forward to a cloud, which cannot be seen from outside; name it in a policy' },
];
