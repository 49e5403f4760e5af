// Puts the actor "SpineForge" into every world that begins play, so that no level has to contain it.
#include "SpineForgeActor.h"

#include "Engine/World.h"
#include "Modules/ModuleManager.h"

class FSpineForgeCaptureModule : public IModuleInterface
{
public:
	virtual void StartupModule() override
	{
		Handle = FWorldDelegates::OnWorldInitializedActors.AddStatic(&FSpineForgeCaptureModule::OnWorld);
	}

	virtual void ShutdownModule() override
	{
		FWorldDelegates::OnWorldInitializedActors.Remove(Handle);
	}

private:
	static void OnWorld(const FActorsInitializedParams& Params)
	{
		if (Params.World != nullptr && Params.World->IsGameWorld())
		{
			FActorSpawnParameters Parameters;
			Parameters.Name = FName(TEXT("SpineForge"));
			Params.World->SpawnActor<ASpineForgeActor>(ASpineForgeActor::StaticClass(), FTransform::Identity, Parameters);
		}
	}

	FDelegateHandle Handle;
};

IMPLEMENT_MODULE(FSpineForgeCaptureModule, SpineForgeCapture)
