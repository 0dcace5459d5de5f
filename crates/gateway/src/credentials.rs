//! Looks credentials up for the connect decision.

use openclaw_guard::Secret;

use crate::auth::client_key::ClientKey;
use crate::auth::decide::Credentials;
use crate::auth::devices::Standing;
use crate::auth::limiter::LockedOut;
use crate::core::Access;

/// The gateway's credentials, as one client may try them.
pub(crate) struct GatewayCredentials<'a> {
    pub(crate) access: &'a Access,
    pub(crate) client: ClientKey,
    pub(crate) now_ms: i64,
}

impl Credentials for GatewayCredentials<'_> {
    fn may_guess(&self) -> Result<(), LockedOut> {
        self.access.limiter.check(self.client, self.now_ms)
    }

    fn shared_matches(&self, candidate: &Secret) -> bool {
        self.access.secret.matches(candidate.expose())
    }

    fn device_token_matches(&self, device_id: &str, role: &str, token: &Secret, scopes: &[String]) -> bool {
        self.access.devices.accepts_token(device_id, role, token, scopes)
    }

    fn redeem_code(&self, code: &Secret) -> Option<Vec<String>> {
        self.access.codes.redeem(code.expose(), self.now_ms)
    }

    fn standing(&self, device_id: &str, public_key: &str, role: &str, scopes: &[String]) -> Standing {
        self.access.devices.standing(device_id, public_key, role, scopes)
    }

    fn count_failure(&self) {
        self.access.limiter.failed(self.client, self.now_ms);
    }
}
