/*
 * Crash points: the places, each with a name, where a test has a process of the house die, to see that what it was
 * doing is neither lost nor done twice. Only shells have them: a pure room does nothing that a death could cut in two.
 *
 * In the programs that are installed a crash point is an empty function. Tests link the same programs with another
 * one, tests/crash/armed.c, which does what a file beside the program says.
 *
 * docs/crash-points.md is this table, made by `tests/unit/test_crash_points --print`.
 */
#ifndef HOST_OS_CRASH_H
#define HOST_OS_CRASH_H

/* POINT(program, name, where the process is then) */
#define CRASH_POINTS(POINT) \
	POINT(engine, configured, "the configuration is read, the store is not open") \
	POINT(engine, flows_stored, "today's flows are in the store, unfinished runs are not read") \
	POINT(engine, restored, "unfinished runs are in memory, what follows from them is not committed") \
	POINT(engine, bound, "the sockets are there, nobody has been heard") \
	POINT(engine, heard_press, "an operator's press is received") \
	POINT(engine, heard_run, "a flow that is started by hand is received") \
	POINT(engine, heard_steer, "an operator's word about a run under way is received") \
	POINT(engine, heard_fired, "a trigger has made an event of a press, the run is not made") \
	POINT(engine, heard_emit, "events of a trigger are received") \
	POINT(engine, heard_returned, "a connector's answer is received") \
	POINT(engine, heard_device, "how a device stands is received") \
	POINT(engine, heard_taken, "a gateway has taken an offer") \
	POINT(engine, heard_stage, "a gateway has told of the next stage of a run") \
	POINT(engine, heard_progress, "progress of a desktop flow is received") \
	POINT(engine, heard_file, "a part of a run's file is received") \
	POINT(engine, heard_finished, "the outcome of a run is received") \
	POINT(engine, heard_released, "a gateway has released a run's place") \
	POINT(engine, heard_standing, "a gateway has told what became of an offer") \
	POINT(engine, persisting, "runs and events are written, steps are not, the transaction is open") \
	POINT(engine, before_commit, "the batch is written, the transaction is open") \
	POINT(engine, committed, "the batch is committed, what follows from it is put together, nobody has been told of it") \
	POINT(engine, replied, "answers are put together, actions are not; the disk is still at the commit") \
	POINT(engine, accepted, "whoever pressed will be told next that the run is accepted") \
	POINT(engine, offered, "a run will be offered to a gateway next") \
	POINT(engine, asked_status, "a gateway will be asked next what became of an offer") \
	POINT(engine, told_stop, "a gateway will be told next to stop a run") \
	POINT(engine, called, "a connector will be called next") \
	POINT(worker, opened, "the plugin is open, the engine is not known yet") \
	POINT(worker, ready, "the engine is known, nothing has been asked") \
	POINT(worker, before_call, "a call is received, the plugin has not seen it") \
	POINT(worker, before_answer, "the plugin has done its work, its answer is not sent") \
	POINT(worker, answered, "the answer is sent") \
	POINT(worker, before_emit, "the plugin has an event, the engine has not") \
	POINT(worker, emitted, "the engine has the event, the plugin does not know that") \
	POINT(gateway, folders_made, "the folders are there, the journal is not open") \
	POINT(gateway, journal_read, "the journal is read, it is not written anew") \
	POINT(gateway, journal_anew, "a shorter journal is in the place of the old one, which is still open") \
	POINT(gateway, journal_open, "the journal is open, the host is not known yet") \
	POINT(gateway, opened, "everything is open, no session process was asked for") \
	POINT(gateway, host_up, "the host answers, nothing has been said to it") \
	POINT(gateway, heard_held, "a session process that was handed over tells what it has") \
	POINT(gateway, adopted, "a session process was handed over and has told what it has") \
	POINT(gateway, heard_offer, "an offer is received") \
	POINT(gateway, heard_stop, "the host wants a run to stop") \
	POINT(gateway, heard_status, "the host asks what became of an offer") \
	POINT(gateway, heard_opened, "a session process has opened its session") \
	POINT(gateway, heard_finished, "a session process has told how a flow ended") \
	POINT(gateway, heard_closed, "a session process has closed its session") \
	POINT(gateway, told_ready, "a session process has been told to make a flow ready, none of its records is in the journal") \
	POINT(gateway, before_journal, "records are made, none is in the journal") \
	POINT(gateway, journal_written, "records are in the journal, not synced") \
	POINT(gateway, journal_synced, "records are synced, nothing has been done but to make flows ready") \
	POINT(gateway, told_taken, "the host has been told that an offer is taken") \
	POINT(gateway, told_standing, "the host has been told what became of an offer") \
	POINT(gateway, told_open, "a session process has been told to open a session") \
	POINT(gateway, before_launch, "the folder for results is there, no launch is said") \
	POINT(gateway, told_launch, "a session process has been told to launch a flow") \
	POINT(gateway, told_stage, "the host has been told that a flow runs") \
	POINT(gateway, told_close, "a session process has been told to close") \
	POINT(gateway, uploading, "some parts of a run's files are with the host") \
	POINT(gateway, uploaded, "all files of a run are with the host, their folder is here still") \
	POINT(gateway, told_finished, "the host has been told of an outcome, and has not answered") \
	POINT(gateway, heard_kept, "the host has kept an outcome") \
	POINT(gateway, told_released, "the host has been told that a place is free") \
	POINT(gateway, fetched, "a desktop flow is fetched, not yet under its name") \
	POINT(watch, ready, "the driver is open, nothing was listed") \
	POINT(watch, before_undo, "a dead hold's notes are read, nothing is undone") \
	POINT(watch, undone, "what a dead hold left is undone, its notes are there still") \
	POINT(watch, before_list, "the sessions are about to be listed") \
	POINT(watch, listed, "the sessions are listed, the gateway has not been told") \
	POINT(watch, told, "the gateway has been told of the sessions") \
	POINT(watch, identified, "a user is identified, the gateway has not been told") \
	POINT(hold, ready, "the driver is open, nothing was asked") \
	POINT(hold, before_notes, "the user is checked, no note is on disk") \
	POINT(hold, noted, "the first note is on disk, nothing is made") \
	POINT(hold, before_open, "the session's folder is there, the session is not") \
	POINT(hold, opened, "the session is open, the gateway has not been told") \
	POINT(hold, told_opened, "the gateway has been told that the session is open") \
	POINT(hold, before_launch, "a launch is received, nothing is made for it") \
	POINT(hold, made_ready, "everything is made for a flow, the word to begin it has not come") \
	POINT(hold, before_start, "the run's folders are made, the flow is not started") \
	POINT(hold, started, "the flow has been started") \
	POINT(hold, flow_ended, "the flow has ended, its files are where only this process looks") \
	POINT(hold, handed_over, "the flow's files are the gateway's, the outcome has not been said") \
	POINT(hold, told_finished, "the outcome has been said, the flow's folder is there still") \
	POINT(hold, outcome_left, "the outcome lies where the next gateway finds it, the session is open") \
	POINT(hold, adopted, "the hold was handed over and has told what it has") \
	POINT(hold, alone, "the gateway is gone, another is waited for") \
	POINT(hold, before_close, "the session is about to be closed") \
	POINT(hold, closed, "the session is closed, its folder and its notes are there still") \
	POINT(hold, notes_done, "nothing is left, the gateway has not been told") \
	POINT(hostlerd, locked, "the house is this process's, no key is made") \
	POINT(hostlerd, prepared, "keys and folders are there, no child is") \
	POINT(hostlerd, before_spawn, "a child's pipes are made, the child is not") \
	POINT(hostlerd, spawned, "a child is started and not yet known") \
	POINT(hostlerd, session_passed, "a session process is started and passed to the gateway") \
	POINT(hostlerd, handed_over, "a session process is on its way to another gateway") \
	POINT(hostlerd, child_ready, "a child has said that it is ready") \
	POINT(hostlerd, child_ended, "a child has ended, it is not started again") \
	POINT(hostlerd, before_status, "how the children stand has changed, the file does not say so") \
	POINT(hostlerd, before_exec, "calls have come to their end, the next hostlerd is about to take over") \
	POINT(hostlerd, resumed, "another hostlerd has taken over, no child is replaced") \
	POINT(hostlerd, stopping, "the house is told to end, no child is")

#define CRASH_POINT_NAME(program, name, where) CRASH_##program##_##name,
enum crash_point { CRASH_POINTS(CRASH_POINT_NAME) CRASH_POINT_COUNT };
#undef CRASH_POINT_NAME

void crash_point(enum crash_point point);

#endif
