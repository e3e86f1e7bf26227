#include "picture.h"

#include <freerdp/freerdp.h>

static BOOL nothing(rdpContext *context)
{
	(void)context;
	return TRUE;
}

/* One for each type of what is drawn. */
#define IGNORE(name, type)                                \
	static BOOL name(rdpContext *context, type ignored)   \
	{                                                     \
		(void)context, (void)ignored;                     \
		return TRUE;                                      \
	}

IGNORE(no_bitmap, const BITMAP_UPDATE *)
IGNORE(no_palette, const PALETTE_UPDATE *)
IGNORE(no_sound, const PLAY_SOUND_UPDATE *)
IGNORE(no_surface, const SURFACE_BITS_COMMAND *)
IGNORE(no_frame, const SURFACE_FRAME_MARKER *)
IGNORE(no_position, const POINTER_POSITION_UPDATE *)
IGNORE(no_system_pointer, const POINTER_SYSTEM_UPDATE *)
IGNORE(no_coloured_pointer, const POINTER_COLOR_UPDATE *)
IGNORE(no_large_pointer, const POINTER_LARGE_UPDATE *)
IGNORE(no_new_pointer, const POINTER_NEW_UPDATE *)
IGNORE(no_cached_pointer, const POINTER_CACHED_UPDATE *)

void picture_ignore(rdpUpdate *update)
{
	update->BeginPaint = nothing;
	update->EndPaint = nothing;
	update->DesktopResize = nothing;
	update->Synchronize = nothing;
	update->BitmapUpdate = no_bitmap;
	update->Palette = no_palette;
	update->PlaySound = no_sound;
	update->SurfaceBits = no_surface;
	update->SurfaceFrameMarker = no_frame;
	update->pointer->PointerPosition = no_position;
	update->pointer->PointerSystem = no_system_pointer;
	update->pointer->PointerColor = no_coloured_pointer;
	update->pointer->PointerLarge = no_large_pointer;
	update->pointer->PointerNew = no_new_pointer;
	update->pointer->PointerCached = no_cached_pointer;
}
