/*
 * Two functions that take the place of freerdp's own, as a linker has it with a program and its libraries. Were they not to take it, with
 * another build of freerdp, all would go on as before, only slower and larger.
 */
#ifndef PLUGINS_DRIVER_KEEPER_INSTEAD_H
#define PLUGINS_DRIVER_KEEPER_INSTEAD_H

/* Whoever sleeps while a connection is made is woken by what comes on that descriptor. */
void instead_wake_by(int descriptor);

#endif
