/*
 * The way from the directory of the programs to the others they were installed with, relative, so that it stays true when
 * the whole tree is moved. The Makefile writes the definitions, from the directories that configure was given.
 */
#ifndef HOST_OS_INSTALLED_H
#define HOST_OS_INSTALLED_H

extern const char installed_plugins[];
extern const char installed_data[];
extern const char installed_pkgconfig[]; /* hostler.pc lies there */

#endif
