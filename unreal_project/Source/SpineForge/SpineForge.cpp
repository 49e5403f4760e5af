// The game itself does nothing: the plugin SpineForgeCapture and UnrealCV do the work.
#include "Modules/ModuleManager.h"

IMPLEMENT_PRIMARY_GAME_MODULE(FDefaultGameModuleImpl, SpineForge, "SpineForge");
