// libedit sets its options through variadic functions, which Swift cannot call. One wrapper for each option in use.
#ifndef CLIBEDIT_SHIM_H
#define CLIBEDIT_SHIM_H

#include <histedit.h>
#include <stdio.h>
#include <wchar.h>

// An editor on the process's standard streams; NULL when there is no memory.
static inline EditLine *libedit_open(const char *program) {
  return el_init(program, stdin, stdout, stderr);
}

static inline int libedit_set_editor(EditLine *editor, const char *mode) {
  return el_set(editor, EL_EDITOR, mode);
}

static inline int libedit_set_client_data(EditLine *editor, void *data) {
  return el_set(editor, EL_CLIENTDATA, data);
}

static inline void *libedit_client_data(EditLine *editor) {
  void *data = NULL;
  return el_get(editor, EL_CLIENTDATA, &data) == 0 ? data : NULL;
}

// In the prompt, `escape` stands on both sides of what takes no column on the screen.
static inline int libedit_set_prompt(EditLine *editor, char *(*prompt)(EditLine *), char escape) {
  return el_set(editor, EL_PROMPT_ESC, prompt, escape);
}

static inline int libedit_set_history(EditLine *editor, History *history_list) {
  return el_set(editor, EL_HIST, history, history_list);
}

static inline int libedit_add_function(
    EditLine *editor, const char *name, const char *help, unsigned char (*function)(EditLine *, int)) {
  return el_set(editor, EL_ADDFN, name, help, function);
}

static inline int libedit_bind(EditLine *editor, const char *key, const char *function) {
  return el_set(editor, EL_BIND, key, function, NULL);
}

// Keeps the terminal from turning keys into signals while a line is edited.
static inline int libedit_disable_signals(EditLine *editor) {
  return el_set(editor, EL_SETTY, "-d", "-isig", NULL);
}

// While a line is edited, a signal leaves the terminal as it was before it acts, and a resized window is redrawn.
static inline int libedit_set_signal_handling(EditLine *editor, int isOn) {
  return el_set(editor, EL_SIGNAL, isOn);
}

// Reads each character by `reader`, which returns 1 with a character, 0 at the end and -1 on failure.
static inline int libedit_set_reader(EditLine *editor, int (*reader)(EditLine *, wchar_t *)) {
  return el_set(editor, EL_GETCFN, reader);
}

// Draws the prompt and the line anew, from where the cursor is.
static inline int libedit_refresh(EditLine *editor) {
  return el_set(editor, EL_REFRESH);
}

// Writes to the terminal, behind libedit's back.
static inline void libedit_print(EditLine *editor, const char *text) {
  FILE *output = NULL;
  if (el_get(editor, EL_GETFP, 1, &output) == 0 && output != NULL) {
    fputs(text, output);
    fflush(output);
  }
}

static inline int libedit_history_set_size(History *list, int size) {
  HistEvent event;
  return history(list, &event, H_SETSIZE, size);
}

// Whether a line that equals the one before is kept once.
static inline int libedit_history_set_unique(History *list, int isUnique) {
  HistEvent event;
  return history(list, &event, H_SETUNIQUE, isUnique);
}

static inline int libedit_history_enter(History *list, const char *line) {
  HistEvent event;
  return history(list, &event, H_ENTER, line);
}

static inline int libedit_history_load(History *list, const char *path) {
  HistEvent event;
  return history(list, &event, H_LOAD, path);
}

static inline int libedit_history_save(History *list, const char *path) {
  HistEvent event;
  return history(list, &event, H_SAVE, path);
}

#endif
