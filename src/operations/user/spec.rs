//! What requests make of a user. Passwords end here: what goes on is their digests.

use cacheplane_api::Fault;
use cacheplane_api::shapes::{AuthenticationMode, CreateUserMessage, ModifyUserMessage};

use super::super::Context;
use super::super::faults::{fault_of, invalid_combination, invalid_value};
use super::super::spec::given;
use super::access_string;
use crate::resources::engine::Engine;
use crate::resources::user::{self, Authentication, PASSWORDS_MAX, PasswordDigest, User};

/// Says so where a user would have nothing to prove who it is with (text: behaviour.md section 40).
const NO_PASSWORD: &str = "No password was provided. If you want to create/update the user without password, please use the NoPasswordRequired flag.";

/// CreateUser's input as a valid user.
pub(super) fn spec(cx: &Context, input: &CreateUserMessage) -> Result<User, Fault> {
    let user_id = user::user_id(&input.user_id).map_err(fault_of)?;
    let user_name = user::user_name(&input.user_name).map_err(fault_of)?;
    let engine = user::engine(&input.engine).map_err(fault_of)?;
    let proof = Proof {
        mode: input.authentication_mode.as_ref(),
        passwords: input.passwords.as_deref().unwrap_or_default(),
        no_password_required: input.no_password_required,
    };
    let user = User {
        access_string: access_string(&input.access_string)?,
        authentication: proof
            .authentication()?
            .ok_or_else(|| invalid_value(NO_PASSWORD))?,
        user_id,
        user_name,
        engine,
        ..User::default_of(&cx.scope)
    };
    check_iam(&user)?;
    Ok(user)
}

/// The user that ModifyUser asks for.
pub(super) fn modified(user: &User, input: &ModifyUserMessage) -> Result<User, Fault> {
    let mut user = user.clone();
    let replaced = given(input.access_string.as_deref());
    let appended = given(input.append_access_string.as_deref());
    match (replaced, appended) {
        (Some(_), Some(_)) => {
            return Err(invalid_combination(
                "AccessString and AppendAccessString cannot both be specified.",
            ));
        }
        (Some(text), None) => user.access_string = access_string(text)?,
        (None, Some(text)) => {
            user.access_string = user.access_string.append(text).map_err(fault_of)?;
        }
        (None, None) => {}
    }
    let proof = Proof {
        mode: input.authentication_mode.as_ref(),
        passwords: input.passwords.as_deref().unwrap_or_default(),
        no_password_required: input.no_password_required,
    };
    match proof.authentication()? {
        Some(authentication) => user.authentication = authentication,
        None if input.no_password_required == Some(false)
            && user.authentication == Authentication::NoPassword =>
        {
            return Err(invalid_value(NO_PASSWORD));
        }
        None => {}
    }
    if let Some(text) = given(input.engine.as_deref()) {
        let engine = user::engine(text).map_err(fault_of)?;
        if (user.engine, engine) == (Engine::Valkey, Engine::Redis) {
            return Err(invalid_combination(
                "The engine of a user cannot be changed from valkey to redis.",
            ));
        }
        if engine != user.engine && user.authentication == Authentication::NoPassword {
            return Err(invalid_combination(
                "The engine of a user without password cannot be changed to valkey.",
            ));
        }
        user.engine = engine;
    }
    check_iam(&user)?;
    Ok(user)
}

/// A token of IAM names the user's id, and nodes know the user's name.
fn check_iam(user: &User) -> Result<(), Fault> {
    if user.authentication == Authentication::Iam && user.user_id != user.user_name {
        return Err(invalid_value(
            "UserId and UserName must be the same for a user with authentication type iam.",
        ));
    }
    Ok(())
}

/// The two spellings of how a user proves who it is.
struct Proof<'a> {
    mode: Option<&'a AuthenticationMode>,
    passwords: &'a [String],
    no_password_required: Option<bool>,
}

impl Proof<'_> {
    /// None where neither spelling says anything. `NoPasswordRequired=false` says nothing: Terraform sends it with everything.
    fn authentication(&self) -> Result<Option<Authentication>, Fault> {
        let without = self.no_password_required == Some(true);
        if let Some(mode) = self.mode {
            if without || !self.passwords.is_empty() {
                return Err(invalid_combination(
                    "AuthenticationMode cannot be specified together with Passwords or NoPasswordRequired.",
                ));
            }
            let passwords = mode.passwords.as_deref().unwrap_or_default();
            return by_word(mode.r#type.as_deref(), passwords).map(Some);
        }
        if without {
            return by_word(Some("no-password-required"), self.passwords).map(Some);
        }
        match self.passwords {
            [] => Ok(None),
            passwords => by_word(Some("password"), passwords).map(Some),
        }
    }
}

/// Texts: behaviour.md section 40.
fn by_word(word: Option<&str>, passwords: &[String]) -> Result<Authentication, Fault> {
    let refuse_passwords = |word: &str| match passwords {
        [] => Ok(()),
        _ => Err(invalid_combination(format!(
            "Password field is not allowed with authentication type: {word}"
        ))),
    };
    match word {
        Some("password") => digests(passwords).map(Authentication::Password),
        Some(word @ "no-password-required") => {
            refuse_passwords(word).map(|()| Authentication::NoPassword)
        }
        Some(word @ "iam") => refuse_passwords(word).map(|()| Authentication::Iam),
        other => Err(invalid_value(format!(
            "Input Authentication type: {} is not in the allowed list: [password,no-password-required,iam]",
            other.unwrap_or("null")
        ))),
    }
}

fn digests(passwords: &[String]) -> Result<Vec<PasswordDigest>, Fault> {
    if passwords.is_empty() {
        return Err(invalid_value(NO_PASSWORD));
    }
    if passwords.len() > PASSWORDS_MAX {
        return Err(invalid_value(format!(
            "Maximum number of passwords allowed in this service is {PASSWORDS_MAX}."
        )));
    }
    let mut digests: Vec<PasswordDigest> = Vec::with_capacity(passwords.len());
    for password in passwords {
        let digest = PasswordDigest::of(password).map_err(fault_of)?;
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    Ok(digests)
}
