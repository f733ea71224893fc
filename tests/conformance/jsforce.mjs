// One conversation of jsforce with the twin; prints what it got as JSON.
// Usage: node jsforce.mjs CONVERSATION URL CREDENTIALS-AS-JSON

import { readFileSync } from 'node:fs';
import jsforce from 'jsforce';

const version = '66.0';
const soapVersion = '59.0'; // log-in by SOAP ended with version 65
const [conversation, url, text] = process.argv.slice(2);
const credentials = JSON.parse(text);
const open = () => new jsforce.Connection({ instanceUrl: url, accessToken: credentials.access_token, version });

const conversations = {
  async soapLogin() {
    const connection = new jsforce.Connection({ loginUrl: url, version: soapVersion });
    const user = await connection.login(credentials.username, credentials.password + credentials.security_token);
    return { ...user, ...(await connection.identity()) };
  },

  async clientCredentials() {
    const oauth2 = { loginUrl: url, clientId: credentials.consumer_key, clientSecret: credentials.consumer_secret };
    const connection = new jsforce.Connection({ instanceUrl: url, oauth2, version });
    await connection.authorize({ grant_type: 'client_credentials' });
    return (await connection.query('SELECT Id FROM Organization')).records.length;
  },

  async refusedLogin() {
    const connection = new jsforce.Connection({ loginUrl: url, version: soapVersion });
    return connection.login(credentials.username, 'wrong').catch(({ message }) => message);
  },

  async pages() {
    const connection = open();
    const soql = 'SELECT Id, LastName, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id';
    let page = await connection.query(soql);
    const sizes = [page.records.length];
    const ids = page.records.map(({ Id }) => Id);
    while (!page.done) {
      page = await connection.queryMore(page.nextRecordsUrl);
      sizes.push(page.records.length);
      ids.push(...page.records.map(({ Id }) => Id));
    }
    return { total: page.totalSize, sizes, ids, keys: Object.keys(page.records[0]) };
  },

  async rows() {
    const contacts = open().sobject('Contact');
    const { id } = await contacts.create({ LastName: 'Nowak', Email: 'Nowak@Example.com' });
    await contacts.update({ Id: id, FirstName: 'Anna Maria', Email: null });
    const read = await contacts.retrieve(id);
    await contacts.destroy(id);
    const gone = await contacts.retrieve(id).catch(({ errorCode }) => errorCode);
    return { id, name: read.Name, email: read.Email, gone };
  },

  async upsert() {
    const contacts = open().sobject('Contact');
    const row = { Conformance_Key__c: 'js-1', LastName: 'First' };
    const created = await contacts.upsert(row, 'Conformance_Key__c');
    const updated = await contacts.upsert({ ...row, LastName: 'Second' }, 'Conformance_Key__c');
    return { created, updated, read: await contacts.findOne({ Conformance_Key__c: 'js-1' }, 'Id, LastName') };
  },

  async collection() {
    const contacts = open().sobject('Contact');
    const rows = [
      { Conformance_Key__c: 'js-2', LastName: 'Two' },
      { Conformance_Key__c: 'js-3' },
      { Conformance_Key__c: 'js-4', LastName: 'Four', Email: 'no address' },
    ];
    return contacts.upsert(rows, 'Conformance_Key__c');
  },

  async bulkUpsert() {
    const connection = open();
    const input = [
      { Conformance_Key__c: 'js-5', LastName: 'Five', Description: 'two\nlines, "quoted"' },
      { Conformance_Key__c: 'js-6', LastName: '' },
    ];
    const results = await connection.bulk2.loadAndWaitForResults({
      object: 'Contact', operation: 'upsert', externalIdFieldName: 'Conformance_Key__c', input,
    });
    const read = await connection.sobject('Contact').findOne({ Conformance_Key__c: 'js-5' }, 'Description');
    return { ...results, description: read.Description };
  },

  async bulkQuery() {
    const rows = await (await open().bulk2.query('SELECT Id, LastName FROM Lead')).toArray();
    return { count: rows.length, keys: Object.keys(rows[0]) };
  },

  describe: () => open().sobject('Contact').describe(),
  describeGlobal: () => open().describeGlobal(),

  async limits() {
    const connection = open();
    const limits = await connection.limits();
    return { daily: limits.DailyApiRequests, usage: connection.limitInfo.apiUsage };
  },

  async metadata() {
    const { metadata } = open();
    const options = { rollbackOnError: true, singlePackage: true, testLevel: 'NoTestRun' };
    const deployed = await metadata.deploy(readFileSync(credentials.zip), options).complete({ details: true });
    const [layout, nobody] = await metadata.read('Layout', ['Lead-Lead Layout', 'Lead-Nobody']);
    const fields = (await metadata.list([{ type: 'CustomField' }])).map(({ fullName }) => fullName);
    const types = (await metadata.describe()).metadataObjects.map(({ xmlName }) => xmlName);
    return { deployed, layout, nobody, fields, types };
  },

  async errors() {
    const connection = open();
    const contacts = connection.sobject('Contact');
    const refused = (attempt) => attempt.then(() => 'accepted', ({ errorCode, name }) => errorCode ?? name);
    return {
      unknownField: await refused(connection.query('SELECT Nope FROM Contact')),
      unknownObject: await refused(connection.query('SELECT Id FROM Nope')),
      badQuery: await refused(connection.query('SELECT FROM Contact')),
      noLastName: await refused(contacts.create({ FirstName: 'Anna' })),
      tooLong: await refused(contacts.create({ LastName: 'x'.repeat(81) })),
      badEmail: await refused(contacts.create({ LastName: 'x', Email: 'no address' })),
      unknownId: await refused(contacts.retrieve('003000000000000AAA')),
    };
  },
};

console.log(JSON.stringify(await conversations[conversation]()));
