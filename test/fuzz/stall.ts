/** How long a house may come to nothing else, in milliseconds of its thread's computing time. */
export const stallMsMax = 100;
