// The actor "SpineForge": each function takes strings and answers one JSON object, or a line that begins with "error".
// The embedded world offers the same functions under the same names (docs/wire.md); keep the two alike.
#pragma once

#include "CoreMinimal.h"
#include "GameFramework/Actor.h"
#include "SpineForgeActor.generated.h"

class FJsonObject;
class ULevelStreamingDynamic;
class USkeletalMeshComponent;

UCLASS()
class SPINEFORGECAPTURE_API ASpineForgeActor : public AActor
{
	GENERATED_BODY()

public:
	/** {"capture_api", "world", "renderer"} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString GetVersion();

	/** Loads the level of a place and removes everybody: {"objects": [names]} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString SetPlace(const FString& Name, const FString& Seed);

	/** Sun and sky from the embedded world's numbers; "unused" names the fields that mean nothing here. */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString SetLight(const FString& Json);

	/** Adds a person, or replaces the one of that name: {"stature_cm", "mass_kg"} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString SpawnCharacter(const FString& Name, const FString& Json);

	/** Holds the frame of a clip nearest to a time: {"clip", "frame", "frames", "fps"} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString PlayClip(const FString& Name, const FString& Clip, const FString& Seconds);

	/** {"markers": {name: [x, y, z]}, "keypoints": {...}, "held": {...}}, world, centimetres */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString GetMarkers(const FString& Name);

	/** {"bones": {name: {"location", "rotation"}}, "held": {...}}, world, centimetres and degrees */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString GetBones(const FString& Name);

	/** Gives all of an object a material of /Game/SpineForge/Materials, until the next SetPlace: {} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString SetMaterial(const FString& Name, const FString& Material);

	/** Lets the game run for so many ticks and stops it; is_paused says when it is done: {"ticks"} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString Step(const FString& Ticks);

	/** Waits for levels and textures that are still being loaded: {"settled": true} */
	UFUNCTION(BlueprintCallable, Category = "SpineForge")
	FString Settle();

	ASpineForgeActor();
	virtual void Tick(float Seconds) override;

private:
	struct FPerson
	{
		AActor* Actor = nullptr;
		USkeletalMeshComponent* Mesh = nullptr;
		FString Asset;
		FString Clip;
		int32 Frame = 0;
	};

	bool LoadManifest(FString& Error);
	TSharedPtr<FJsonObject> FindRow(const TCHAR* List, const FString& Asset) const;
	FString PointsOf(const FPerson& Person, const FString& Prefix) const;
	FString HeldBy(const FPerson& Person) const;

	TMap<FString, FPerson> People;
	TSharedPtr<FJsonObject> Manifest;
	ULevelStreamingDynamic* Place = nullptr;
	int32 TicksLeft = 0;
};
