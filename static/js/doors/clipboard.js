// Text for another program.

/**
 * Copies the text of a field; where the browser has no clipboard (not on https), it is selected, ready for the reader's own keys.
 * @param {HTMLInputElement} field
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copyField(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return false;
  }
}
