#!/usr/bin/env node
/**
 * The program `cogen-wsgi` of the npm package.
 *
 * @module
 */

import { runProgram } from "./mod.ts";

void runProgram();
