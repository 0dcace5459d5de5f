//! The words by which the offline model tells what is wanted.

mod forget;
mod lists;
mod polite;
mod remember;
mod talk;

pub(super) use forget::{FORGET, FORGET_LAST, NO, NOT, POINTING, POLITE_REPLY, TO, YES};
pub(super) use lists::{ABOUT, ASKS_FOR_NOTES, COUNT, COUNT_WITHIN, LIST, LIST_WITHIN, MAY_ASK_FOR_NOTES};
pub(super) use polite::{
    ASKING_WORDS, GREETINGS, LEAD_INS, LEAD_INS_OF, LEANINGS, Leaning, PLEASE, POINTING_BACK,
    POLITE_QUESTIONS, PRAISE, THANKS, THAT,
};
pub(super) use remember::{Keep, POLITE_END, REMEMBER, REMEMBER_LAST, SOMEBODY};
pub(super) use talk::{CLOCK, NEW_SESSION, SMALL_TALK, TOKEN_REQUESTS, TOKENS};
