export * from './net/index.ts';
