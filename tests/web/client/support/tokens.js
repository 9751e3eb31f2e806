/** Tokens that count up; `fails` is thrown instead, once each. */
export class FakeTokens {
  number = 1;
  /** @type {string[]} */
  refused = [];
  /** @type {[string, number][]} */
  told = [];
  /** @type {Error[]} */
  fails = [];

  async access() {
    const error = this.fails.shift();
    if (error) throw error;
    return `token-${this.number}`;
  }

  /** @param {string} refused */
  async renew(refused) {
    this.refused.push(refused);
    if (refused === `token-${this.number}`) this.number += 1;
    return this.access();
  }

  /**
   * @param {string} token
   * @param {number} seconds
   */
  lasts(token, seconds) {
    this.told.push([token, seconds]);
  }
}
