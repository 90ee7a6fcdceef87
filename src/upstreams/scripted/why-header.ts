/** Tells a demo machine why it was chosen, percent-encoded, so that its answer can say so. */
export const DEMO_WHY_HEADER = 'x-gatehouse-demo-why';
