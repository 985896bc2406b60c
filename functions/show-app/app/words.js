// The names of members in words. The inbox does not need them, so they load with the views that do.

const NAMES = { trustedFormUrl: 'TrustedForm certificate', email: 'E-mail', emailMatch: 'E-mail match', ipAddress: 'IP address' };

/** `landingPageUrl` as "Landing page URL". */
export function words(name) {
  if (NAMES[name]) return NAMES[name];
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([a-z])(\d)/g, '$1 $2').replace(/[_.-]+/g, ' ').toLowerCase();
  const known = spaced.replace(/\b(id|url|utm|ip|sms)\b/g, (word) => word.toUpperCase());
  return known.charAt(0).toUpperCase() + known.slice(1);
}
