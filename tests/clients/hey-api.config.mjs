export default {
  input: 'openapi.yaml',
  output: { path: 'target/node/clients/hey-api', importFileExtension: '.js' },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
};
