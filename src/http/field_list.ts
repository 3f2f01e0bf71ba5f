/**
 * The type of the fields that an embedder sends.
 *
 * Fields that the parser reads have another form, `RequestHead.fields`: one flat array, which is
 * cheaper to make for each request.
 *
 * @module
 */

/**
 * Fields of a response in the order in which they are sent: pairs of name and value.
 *
 * Several fields may have the same name. Names are tokens in any case; values are latin-1 strings.
 *
 * @example
 * ```ts
 * import { checkFields, type FieldList } from "@x/cogen-wsgi/http";
 *
 * const fields: FieldList = [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]];
 * checkFields(fields);
 * ```
 */
export type FieldList = readonly (readonly [name: string, value: string])[];
