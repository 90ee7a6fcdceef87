import type { ChatRequest } from '#upstreams/scripted/chat-request.ts';
import type { FaultCase, FaultDice, FaultEnd, Form } from '#upstreams/scripted/faults/fault.ts';
import { overGate } from '#upstreams/scripted/faults/fault.ts';
import type { Script, Step } from '#upstreams/scripted/script.ts';
import type { MachineAnswer } from './machine-scripts.ts';

/** Clocks that the catalogue sets small, so that real sockets need not wait, are so many times as long here; so are the pauses they belong to. */
export const stretch = 100;

/** By then a caller holds what was said so far. */
const toldMs = 100;
/** A machine that works on for nobody does so for as long. */
const worksOnMs = 15_000;

/** What machines of the catalogue go on with where their callers leave, or take nothing. */
const wordsOf: Partial<Record<FaultEnd['then'], string>> = { left: 'to nobody ', cut: 'x'.repeat(16_000) };

/** What one case of the catalogue does with one request, on the virtual wire. */
export function playFault(
  fault: FaultCase,
  call: { readonly number: number; readonly asked: ChatRequest; readonly form: Form },
  dice: FaultDice,
): { readonly answer: MachineAnswer; readonly script: Script } {
  const text = Array.from({ length: dice.int(3, 8) }, (_, at) => `‹${call.number}.${at}›`);
  const faultCall = {
    form: call.form,
    answer: { model: call.asked.model, id: `chatcmpl-${call.number}`, text },
    includeUsage: call.asked.includeUsage,
    elsewhere: 'http://169.254.169.254/',
  };
  const script = fault.script(faultCall, dice);
  const noise = fault.endless ?? wordsOf[fault.ends.then];
  return {
    answer: {
      reasoning: '',
      text: fault.hears?.(faultCall) ?? text.join(''),
      toolArguments: '',
      ...(noise === undefined ? {} : { noise }),
      chat: faultCall.answer,
    },
    script: paced(script, fault),
  };
}

/** The same steps in real time: long pauses where the clocks are long, and for a gate, which nobody opens, a pause. */
function paced(script: Script, fault: FaultCase): Script {
  const slower = fault.clocks === undefined ? 1 : stretch;
  return script.map((step): Step => {
    switch (step.do) {
      case 'delay':
        return { ...step, ms: step.ms * slower };
      case 'slice':
        return { ...step, delayMs: (step.delayMs ?? 0) * slower };
      case 'rate':
        return { ...step, bytesPerSecond: step.bytesPerSecond / slower };
      case 'repeat':
        return { ...step, steps: paced(step.steps, fault) };
      case 'gate':
        return { do: 'delay', ms: step.name === overGate ? worksOnMs : toldMs };
      default:
        return step;
    }
  });
}
