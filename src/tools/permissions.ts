/** What each permission lets a person do, in words that follow “If you allow it, it can”. */
export const permissions: Readonly<Record<string, string>> = {
  "tool:get_user_info": "See your profile and what you may do",
  "tool:explain_access": "See every tool of this server and who may use it",
};
